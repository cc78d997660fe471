"""The JSON API's own description (OpenAPI 3.1), made from the queries and rows that the API itself uses."""

from typing import Any

import msgspec

from web.api_queries import RESOURCES, Resource

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
    },
}
REFUSALS = {
    "401": "no session, or a token that opens nothing here",
    "403": "the role may not",
    "422": "a filter that is unknown, repeated or malformed",
    "429": "too many requests of this token; Retry-After says when to come again",
    "503": "the database is away or busy; Retry-After says when to come again",
}


def parameters(resource: Resource, properties: dict[str, Any]) -> list[dict[str, Any]]:
    """Of msgspec's schema of the query; a filter that is not given is left out, so none is null."""
    found: list[dict[str, Any]] = []
    for name, schema in properties.items():
        (told,) = [dict(each) for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
        if "pattern" in told:  # Python's anchors are none of ECMA 262's
            told["pattern"] = told["pattern"].replace(r"\A", "^").replace(r"\Z", "$")
        found.append({"name": name, "in": "query", "required": False, "schema": told})
    return found


def document() -> dict[str, Any]:
    kinds = [kind for resource in RESOURCES for kind in (resource.query, resource.row)]
    _, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    queries = {resource.query.__name__ for resource in RESOURCES}
    refused: dict[str, Any] = {
        status: {
            "description": said,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, said in REFUSALS.items()
    }
    paths: dict[str, Any] = {}
    for resource in RESOURCES:
        page = {
            "type": "object",
            "required": ["items", "next"],
            "properties": {
                "items": {"type": "array", "items": {"$ref": f"#/components/schemas/{resource.row.__name__}"}},
                "next": {"type": ["string", "null"]},
            },
        }
        paths[resource.path] = {
            "get": {
                "summary": resource.summary,
                "operationId": resource.path.rpartition("/")[2],
                "parameters": parameters(resource, components[resource.query.__name__]["properties"]),
                "responses": {
                    "200": {"description": "a page", "content": {"application/json": {"schema": page}}},
                    **refused,
                },
            }
        }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Shomei", "version": "1", "summary": "The read models of the client-certificate service"},
        "security": [{"token": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in components.items() if name not in queries}
            | {"Problem": PROBLEM},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "__Host-shomei-session"},
            },
        },
    }


DOCUMENT = msgspec.json.encode(document())
