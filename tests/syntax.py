"""What the walk of messages.py asks of a syntax tree."""

import ast
from collections.abc import Iterator
from functools import cache

Scope = ast.FunctionDef | None
GIVING = ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr | ast.Call | ast.For | ast.comprehension


def parts(node: ast.AST) -> Iterator[ast.AST | None]:
    match node:
        case ast.IfExp(body=body, orelse=orelse):
            yield from (body, orelse)
        case ast.Dict(keys=keys, values=values):
            yield from (*keys, *values)
        case ast.DictComp(key=key, value=value):
            yield from (key, value)
        case ast.BinOp(left=left, right=right, op=ast.BitOr()):
            yield from (left, right)
        case ast.GeneratorExp(elt=each) | ast.ListComp(elt=each) | ast.NamedExpr(value=each):
            yield each
        case ast.Starred(value=each) | ast.Subscript(value=each) | ast.FormattedValue(value=each):
            yield each
        case ast.List(elts=each) | ast.Tuple(elts=each) | ast.BoolOp(values=each):
            yield from each


@cache
def _giving(scope: Scope) -> list[ast.AST]:
    """Return what may give a name its value in a function."""
    return [node for node in ast.walk(scope) if isinstance(node, GIVING)] if scope else []


def assigned(scope: Scope, name: str) -> Iterator[ast.expr]:
    """Yield what a name is assigned in a function."""
    for node in _giving(scope):
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=value):
                choices = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
                for each in choices:
                    if isinstance(each, ast.Tuple) and len(each.elts) == len(names):
                        yield from (
                            of for at, of in zip(names, each.elts, strict=True) if name_of(at) == name
                        )
            case ast.Assign(targets=[ast.Name(id=own), *_], value=value) if own == name:
                yield value
            case ast.AnnAssign(target=ast.Name(id=own), value=ast.expr() as value) if own == name:
                yield value
            case ast.NamedExpr(target=ast.Name(id=own), value=value) if own == name:
                yield value
            case ast.Call(func=ast.Attribute(value=ast.Name(id=own), attr="append"), args=[value]):
                if own == name:
                    yield value
            case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
                if any(name_of(each) == name for each in ast.walk(target)):
                    yield value


def added(scope: Scope, name: str) -> Iterator[ast.expr]:
    """Yield what += adds to a name in a function."""
    for node in _giving(scope):
        if isinstance(node, ast.AugAssign) and name_of(node.target) == name:
            yield node.value


def texts_of_form(spec: ast.expr) -> Iterator[str]:
    for each in spec.values if isinstance(spec, ast.JoinedStr) else []:
        yield str(each.value) if isinstance(each, ast.Constant) else "0"


def name_of(node: ast.AST) -> str:
    return getattr(node, "attr", getattr(node, "id", ""))


def escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
