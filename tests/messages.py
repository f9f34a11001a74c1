"""The messages of the program, found in its source: the keys of the catalogue in rnn_cli/locale.

The walk begins where the program speaks (an error, a notice, a line that is said, a help text) and follows
names, functions and properties to the texts that may come there. An f-string is a template: each value in it
is {}, with its form where it has one, as in {:,}.
"""

import ast
import re
from itertools import product
from pathlib import Path

from syntax import Scope, added, assigned, escaped, name_of, parts, texts_of_form

import rnn_cli

HOUSE = Path(rnn_cli.__file__).parent
SPEAKING = {"RnnError", "UsageError", "Diverged", "BadParameter", "Damaged", "CutShort", "RankDied", "Ended"}
SPEAKING |= {"Notice", "RolledBack", "say", "_say", "warn", "error", "say_from", "stop", "translated", "bad"}
LABELS = {
    "label": 0,
    "Column": 0,
    "setting": 0,
    "_one_of": 0,
    "progress_bar": 3,
}  # functions, and which argument is one
HELP = {"setting": 1, "_one_of": 2}  # functions, and which argument is a help text
NAMED = {"help", "rich_help_panel"}  # arguments by name
VALUES = ("models/sampling/", "text/pairs/", "runs/interval.py")  # whose ValueErrors people see
ADVICE = ("runs/advice.py",)  # whose functions return what is said
THROUGH = {"rstrip", "strip", "lstrip", "replace", "splitlines", "removesuffix", "removeprefix", "items"}
AROUND = {"printable", "fitted", "sorted", "dict", "enumerate", "_notices", "zip"}
MOST_FORMS = 12  # of one expression
WORD = re.compile(r"\[?[A-Z]?[a-z]{2,}(?:: |\])?|[a-z]+-F1|F1")  # of a label: no identifier, no symbol
PLACE = re.compile(r"\{(?:![a-z])?(?::[^}]*)?\}")


class Messages:
    """found: all messages of a package, each with the file that it stands in first."""

    def __init__(self, house: Path = HOUSE) -> None:
        self.found: dict[str, str] = {}
        self._functions: dict[str, list[ast.FunctionDef]] = {}
        self._calls: dict[str, list[ast.Call]] = {}
        self._values_of: dict[str, list[ast.expr]] = {}  # of constants and attributes
        self._seen: set[tuple[int, bool]] = set()
        self._scopes: dict[int, Scope] = {}
        self._places: dict[int, str] = {}
        paths = sorted(house.rglob("*.py"))
        trees = {path.relative_to(house).as_posix(): ast.parse(path.read_text("utf-8")) for path in paths}
        for place, tree in trees.items():
            self._index(place, tree, None)
        for place, tree in trees.items():
            self._begin(place, tree)
        for table in self._values_of.get("COMMANDS", []):
            self._follow(table)
        for function in self._functions.get("failure", []):
            self._returned(function)

    def _index(self, place: str, node: ast.AST, scope: Scope) -> None:
        for child in ast.iter_child_nodes(node):
            self._scopes[id(child)], self._places[id(child)] = scope, place
            if isinstance(child, ast.FunctionDef):
                self._functions.setdefault(child.name, []).append(child)
            if isinstance(child, ast.Call):
                self._calls.setdefault(name_of(child.func), []).append(child)
            if isinstance(child, ast.Assign | ast.AnnAssign) and child.value is not None:
                targets = child.targets if isinstance(child, ast.Assign) else [child.target]
                for target in targets:
                    if isinstance(target, ast.Attribute) or (scope is None and isinstance(target, ast.Name)):
                        self._values_of.setdefault(name_of(target), []).append(child.value)
            self._index(place, child, child if isinstance(child, ast.FunctionDef) else scope)

    def _begin(self, place: str, tree: ast.Module) -> None:
        """Follow what is said in a file."""
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = name_of(node.func)
                if name == "map" and name_of(node.args[0]) in ("translated", "label"):
                    self._follow(node.args[1], name_of(node.args[0]) == "label")
                if name in SPEAKING or (name == "ValueError" and place.startswith(VALUES)):
                    for argument in node.args:
                        self._follow(argument)
                for table, is_label in ((LABELS, True), (HELP, False)):
                    for argument in node.args[table[name] :][:1] if name in table else []:
                        self._follow(argument, is_label)
                for keyword in node.keywords:
                    if keyword.arg in NAMED:
                        self._follow(keyword.value, keyword.arg != "help")
            elif isinstance(node, ast.Dict):
                for key, value in zip(node.keys, node.values, strict=True):
                    if isinstance(key, ast.Constant) and key.value == "rich_help_panel":
                        self._follow(value, True)
            elif isinstance(node, ast.FunctionDef):
                if place.startswith(ADVICE):
                    self._returned(node)
                is_command = place == f"cli/commands/{node.name}.py" or (place, node.name) == (
                    "cli/app.py",
                    "rnn",
                )
                if is_command and (text := ast.get_docstring(node)):
                    self._add(escaped(text), place, True)

    def _add(self, key: str, place: str, is_label: bool) -> None:
        bare = PLACE.sub("", key)
        is_said = re.search(r"[A-Za-z]", bare) and re.search(r"\s", key.strip())
        if "\x1b" not in key and (is_said or (is_label and WORD.fullmatch(key))):
            self.found.setdefault(key, place)

    def _follow(self, node: ast.AST | None, is_label: bool = False) -> None:
        """Add all texts that an expression may be. is_label: whether single words count."""
        if node is None or (id(node), is_label) in self._seen:
            return
        self._seen.add((id(node), is_label))
        match node:
            case ast.Constant(value=str()) | ast.JoinedStr() | ast.BinOp(op=ast.Add()):
                for key in self._forms(node):
                    self._add(key, self._places[id(node)], is_label)
            case ast.Name(id=name):
                for value in self._values(node, name):
                    self._follow(value, is_label)
            case ast.Call():
                self._called(node, is_label)
            case ast.Attribute(attr=name):
                for value in self._values_of.get(name, []):
                    self._follow(value, is_label)
                for function in self._functions.get(name, []):
                    if any(name_of(each) == "property" for each in function.decorator_list):
                        self._returned(function, is_label)
            case _:
                for part in parts(node):
                    self._follow(part, is_label)

    def _called(self, node: ast.Call, is_label: bool) -> None:
        name = name_of(node.func)
        if name == "counted" and isinstance(node.args[1], ast.Constant):
            for noun in (node.args[1].value, f"{node.args[1].value}s"):
                self._add(f"{{:,}} {noun}", self._places[id(node)], is_label)
        elif name == "join" or name in AROUND:
            for argument in node.args:
                self._follow(argument, is_label)
        elif name in THROUGH and isinstance(node.func, ast.Attribute):
            self._follow(node.func.value, is_label)
        for function in self._functions.get(name, []):
            self._returned(function, is_label)

    def _returned(self, function: ast.FunctionDef, is_label: bool = False) -> None:
        """Follow what a function of texts returns or yields."""
        if function.returns is not None and "str" not in ast.unparse(function.returns):
            return
        for node in ast.walk(function):
            if isinstance(node, ast.Return | ast.Yield | ast.YieldFrom):
                self._follow(node.value, is_label)

    def _values(self, node: ast.AST, name: str) -> list[ast.expr]:
        """Return what a name may be: assigned in its function, passed to it, or a constant of a module."""
        scope = self._scopes[id(node)]
        while scope is not None:
            if found := [*assigned(scope, name), *added(scope, name)]:
                return found
            names = [each.arg for each in scope.args.posonlyargs + scope.args.args]
            if name in names:
                at = names.index(name) - (names[0] in ("self", "cls"))
                calls = self._calls.get(scope.name, [])
                passed = [call.args[at] for call in calls if 0 <= at < len(call.args)]
                named = [each.value for call in calls for each in call.keywords if each.arg == name]
                return passed + named
            scope = self._scopes[id(scope)]
        return self._values_of.get(name, [])

    def _forms(self, node: ast.AST, depth: int = 0) -> list[str]:
        """Return the templates of an expression: one for each way that it can come out."""
        match node:
            case ast.Constant(value=str() as text):
                return [escaped(text)]
            case ast.JoinedStr(values=values):
                return _joined([self._forms(value, depth) for value in values])
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                return _joined([self._forms(left, depth), self._forms(right, depth)])
            case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
                return self._forms(value, depth)
            case ast.FormattedValue(value=value, conversion=conversion, format_spec=spec):
                self._follow(value)
                form = "" if conversion == -1 else f"!{chr(conversion)}"
                return [f"{{{form}{'' if spec is None else ':' + ''.join(texts_of_form(spec))}}}"]
            case ast.IfExp(body=body, orelse=orelse) if depth < 4:
                return [*dict.fromkeys(self._forms(body, depth + 1) + self._forms(orelse, depth + 1))]
            case ast.Name(id=name) if depth < 4 and self._scopes[id(node)] is not None:
                scope = self._scopes[id(node)]
                forms = [form for value in assigned(scope, name) for form in self._forms(value, depth + 1)]
                ends = [*added(scope, name)]
                for more in ends:
                    forms += [form + end for form in forms for end in self._forms(more, depth + 1)]
                is_part = len(forms) > 3 or any("{" in form for form in forms)
                if forms and "{}" not in forms and (ends or not is_part or any(map(_belongs_to_more, forms))):
                    return [*dict.fromkeys(forms)]
        self._follow(node)
        return ["{}"]


def _belongs_to_more(form: str) -> bool:
    """Return whether a text is empty, or begins or ends with what joins it to another."""
    return not form or form[-1] == " " or not (form[0].isalnum() or form[0] in "{-(\"'")


def _joined(parts: list[list[str]]) -> list[str]:
    several = [*product(*parts)] if len(parts) < 30 else []
    if len(several) > MOST_FORMS:
        several = [*product(*(part if len(part) == 1 else ["{}"] for part in parts))]
    return [*dict.fromkeys(map("".join, several))]
