"""Swift source with comments and string literals blanked, so that a search finds code only.

Line numbers stay; code inside an interpolation stays too, since it is code.
"""


def code_only(text: str) -> str:
    out: list[str] = []
    _code(text, 0, out, inside_interpolation=False)
    return "".join(out)


def _blank(text: str) -> str:
    return "".join("\n" if character == "\n" else " " for character in text)


def _code(text: str, at: int, out: list[str], inside_interpolation: bool) -> int:
    parentheses = 0
    while at < len(text):
        if text.startswith("//", at):
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            out.append(_blank(text[at:end]))
            at = end
        elif text.startswith("/*", at):
            end = _comment_end(text, at)
            out.append(_blank(text[at:end]))
            at = end
        elif text[at] == '"' or (text[at] == "#" and text[at:].lstrip("#").startswith('"')):
            at = _string(text, at, out)
        else:
            if inside_interpolation and text[at] == "(":
                parentheses += 1
            elif inside_interpolation and text[at] == ")":
                if parentheses == 0:
                    return at
                parentheses -= 1
            out.append(text[at])
            at += 1
    return at


def _comment_end(text: str, at: int) -> int:
    depth = 0  # Swift's block comments nest
    while at < len(text):
        if text.startswith("/*", at):
            depth, at = depth + 1, at + 2
        elif text.startswith("*/", at):
            depth, at = depth - 1, at + 2
            if depth == 0:
                return at
        else:
            at += 1
    return at


def _string(text: str, at: int, out: list[str]) -> int:
    hashes = 0
    while text[at + hashes] == "#":
        hashes += 1
    quote = '"""' if text.startswith('"""', at + hashes) else '"'
    opening = "#" * hashes + quote
    closing = quote + "#" * hashes
    escape = "\\" + "#" * hashes
    out.append(_blank(opening))
    at += len(opening)
    while at < len(text):
        if text.startswith(closing, at):
            out.append(_blank(closing))
            return at + len(closing)
        if text.startswith(escape + "(", at):
            out.append(_blank(escape) + "(")
            at = _code(text, at + len(escape) + 1, out, inside_interpolation=True)
        elif text.startswith(escape, at):
            out.append(_blank(text[at : at + len(escape) + 1]))
            at += len(escape) + 1
        else:
            out.append(_blank(text[at]))
            at += 1
    return at
