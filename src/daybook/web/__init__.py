"""The pages people look at: the same books, by the same door, in a browser.

Server-rendered, and whole without a script: every page is plain HTML with links and forms, and
what runs in the browser only makes the same requests more pleasantly. Nothing comes from another
host, nothing runs inline, and a policy in every answer's head holds the browser to it.

    plugin      what the server finds: prefix, bounds, and the way of a request
    site        what all pages share: templates, sessions, the seal of cookies
    addresses   the addresses by name
    routing     what answers at them
    visit       one request with its session, its company and its form
    security    headers, cookies, and proof that a form was ours
    pages/      one module for each group of pages, found by its `ROUTES`
"""
