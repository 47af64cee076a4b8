"""The served schema: the types of `schema.graphql`, with what shows their fields.

Resolvers take an operation's `Call` as context. They are used where the GraphQL library carries an
operation out: mutations, introspection, and whatever the tests compare plans with.
"""

from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
)

from daybook.protocols.intuit_graphql import roots, scalars, writing
from daybook.protocols.intuit_graphql.fields import FIELDS, Get, type_of
from daybook.protocols.intuit_graphql.roots import Call

Resolver = Callable[..., Any]

ABSTRACT: Final = ("Node", "Payee")


@lru_cache(maxsize=1)
def text() -> str:
    """The types, as they are written down."""
    return files(__package__).joinpath("schema.graphql").read_text("utf-8")


@lru_cache(maxsize=1)
def schema() -> GraphQLSchema:
    """The schema. Made once for a process, and never changed."""
    made = build_schema(text())
    scalars.install(made)
    for name, fields in FIELDS.items():
        for field, get in fields.items():
            _object(made, name).fields[field].resolve = _shows(get)
    for field, root in roots.ROOTS.items():
        _object(made, "Query").fields[field].resolve = _answers(root)
    for field in roots.LISTS:
        _object(made, "Company").fields[field].resolve = _lists(field)
    for field, write in writing.MUTATIONS.items():
        _object(made, "Mutation").fields[field].resolve = _answers(write)
    for name in ABSTRACT:
        abstract = made.type_map[name]
        assert isinstance(abstract, GraphQLInterfaceType | GraphQLUnionType)
        abstract.resolve_type = lambda value, _, __: type_of(value)
    return made


def _object(made: GraphQLSchema, name: str) -> GraphQLObjectType:
    found = made.type_map[name]
    assert isinstance(found, GraphQLObjectType)
    return found


def _shows(get: Get) -> Resolver:
    return lambda source, info: get(source, info.context.scene)


def _answers(root: Callable[..., Any]) -> Resolver:
    def resolve(_: Any, info: GraphQLResolveInfo[Call], **arguments: Any) -> Any:
        return root(arguments, info.context)

    return resolve


def _lists(name: str) -> Resolver:
    def resolve(_: Any, info: GraphQLResolveInfo[Call], **arguments: Any) -> Any:
        return roots.list_page(name, arguments, info.context)

    return resolve
