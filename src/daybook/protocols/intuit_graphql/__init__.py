"""Intuit's GraphQL interface, version 2020-04, for journal entries and what their lines name.

    POST /2020-04/graphql    {"query": …, "operationName": …, "variables": …}
    GET  /2020-04/graphql?query=…    for queries alone; a browser gets a page to explore with

A document is read, checked and measured once (`documents`); what it asks for is compiled to a
plan (`plan`) that writes the answer's JSON straight from the books' records. `graphql-core` carries
out mutations and introspection, and is what the plan is held against in the tests.
"""
