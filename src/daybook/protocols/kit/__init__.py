"""What wires share: the plug-in type, exact JSON, limits. No rules of bookkeeping."""
