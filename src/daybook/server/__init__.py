"""The composition root: the one place that knows every layer.

`main` starts the program, `config` reads its settings, `bootstrap` builds what they ask for,
`connection` and `application` answer HTTP, `run` listens and stops in good order.
"""
