"""Says where functions are in the packages that this interpreter has installed. Nothing is imported: files are read, not run.

Standard input: {"python-engineio": ["engineio.server:Server.handle_request", ...], ...}
Standard output: for each package {"version": ..., "functions": {symbol: {"file", "line", "body"} or {"elsewhere": [...]}}},
or null where it is not installed.
"""

import sys

# What lies in the current folder is not to be taken for a part of Python.
sys.path = [path for path in sys.path if path]

import ast
import importlib.metadata
import json
import os


# So many functions of the same name are told.
MOST = 3


def parsed(path):
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        return text, ast.parse(text)
    except (OSError, SyntaxError, ValueError):
        return None, None


def functions(node, prefix=""):
    """All functions below a node, each by its qualified name as a traced call has it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            name = prefix + child.name
            if not isinstance(child, ast.ClassDef):
                yield name, child
            yield from functions(child, name + ".")
        else:
            yield from functions(child, prefix)


def found(root, file, text, node):
    begin = min([node.lineno] + [decorator.lineno for decorator in node.decorator_list])
    body = "\n".join(text.splitlines()[begin - 1 : node.end_lineno])
    return {"file": file, "line": node.lineno, "body": body}


def look(root, files, symbol):
    module, _, name = symbol.partition(":")
    path = module.replace(".", "/")
    for file in (path + ".py", path + "/__init__.py"):
        text, tree = parsed(os.path.join(root, file))
        for other, node in functions(tree) if tree else ():
            if other == name:
                return found(root, file, text, node)
    last = name.rpartition(".")[2]
    elsewhere = []
    for file in files:
        text, tree = parsed(os.path.join(root, file))
        for other, node in functions(tree) if tree else ():
            if other.rpartition(".")[2] == last:
                module = file[: -len(".py")].replace("/", ".")
                module = module[: -len(".__init__")] if module.endswith(".__init__") else module
                elsewhere.append(f"{module}:{other} ({file}:{node.lineno})")
    # Those of a class of the same name first; there can be dozens called __init__.
    of_class = [line for line in elsewhere if ":" + name.rpartition(".")[0].replace("Base", "") in line]
    return {"elsewhere": (of_class or elsewhere)[:MOST]}


def package(name, symbols):
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    root = str(distribution.locate_file(""))
    files = sorted(str(file).replace(os.sep, "/") for file in distribution.files or () if str(file).endswith(".py"))
    return {"version": distribution.version, "functions": {symbol: look(root, files, symbol) for symbol in symbols}}


asked = json.load(sys.stdin)
json.dump({name: package(name, symbols) for name, symbols in asked.items()}, sys.stdout)
