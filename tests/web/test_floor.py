"""Pages work in browsers of late 2021: no script or style sheet leans on what came later.

The floor is Chrome 94, Safari 15.0 and Firefox 92. Each row names what is younger, the first version of the last of the
three to have it, and a line that uses it, which proves that the pattern sees it. What merely makes a page nicer
(`text-wrap`, `accent-color`) may be used: a browser that does not know it leaves it out. A whole script that a browser
cannot read leaves the plain long form: see `js/early.js`.
"""

from __future__ import annotations

import re

import pytest

from pro_service.web import assets

STYLES = [
    (r":has\(", "`:has()`: Firefox 121", ".choice:has(input:checked) {"),
    (r"@container|container-type", "container queries: Firefox 110", "@container (min-width: 20rem) {"),
    (r"@layer", "cascade layers: Safari 15.4", "@layer base {"),
    (r"@property", "`@property`: Firefox 128", "@property --share {"),
    (r"@scope|@starting-style", "`@scope`, `@starting-style`", "@scope (.card) {"),
    (r"color-mix\(|oklch\(|light-dark\(", "new colour functions: Firefox 113", "color: color-mix(in srgb, red, blue);"),
    (r"^\s*&", "nesting: Firefox 117", "  &:hover {"),
    (r"::?backdrop|\[inert\]", "`dialog`, `inert`: Safari 15.4, Firefox 112", "dialog::backdrop {"),
    (
        r":focus-visible[^{]*,|,[^{]*:focus-visible",
        "a list with it is dropped whole: Safari 15.4",
        "a:focus-visible, b {",
    ),
    (r"\(width\s*[<>]|[<>]=?\s*width", "ranges in media queries: Safari 16.4", "@media (width > 40rem) {"),
    (r"subgrid", "`subgrid`: Chrome 117", "grid-template-columns: subgrid;"),
    (r"(?<![a-z-])(?:translate|rotate|scale):", "separate transforms: Chrome 104", "  rotate: 90deg;"),
]

SCRIPTS = [
    (r"\.at\(", "`at()`: Safari 15.4", "list.at(-1)"),
    (r"Object\.(?:hasOwn|groupBy)", "`Object.hasOwn`: Safari 15.4", "Object.hasOwn(a, b)"),
    (r"structuredClone", "`structuredClone`: Chrome 98", "structuredClone(a)"),
    (
        r"\.(?:findLast|findLastIndex|toSorted|toReversed|toSpliced|with)\(",
        "new methods of lists",
        "list.findLast(each)",
    ),
    (r"AbortSignal\.(?:timeout|any)", "`AbortSignal.timeout`: Chrome 103", "AbortSignal.timeout(5)"),
    (r"\.requestSubmit\(", "`requestSubmit()`: Safari 16", "form.requestSubmit()"),
    (r"\bstatic\s*\{", "static blocks: Safari 16.4", "static {"),
    (r"\(\?<[=!]", "look-behind: Safari 16.4", "/(?<=a)b/"),
    (r"/[a-z]*v[a-z]*\.(?:test|exec)", "the `v` flag: Chrome 112", "/a/v.test(b)"),
    (r"#\w+ in\b", "`#name in`: Chrome 91, Safari 15", "#name in other"),
    (r"\.showModal\(|\.showPopover\(|\.inert\b", "`dialog`, popovers, `inert`", "box.showModal()"),
    (r"crypto\.randomUUID", "`randomUUID()`: Safari 15.4", "crypto.randomUUID()"),
    (r"new Intl\.(?:Segmenter|DurationFormat)", "`Intl.Segmenter`: Firefox 125", "new Intl.Segmenter()"),
    (r"\bimport\b.*\b(?:with|assert)\s*\{", "import attributes", 'import a from "./a.json" with { type: "json" }'),
    (r"URL\.(?:canParse|parse)\(", "`URL.canParse`: Chrome 120", "URL.canParse(a)"),
    (r"Array\.fromAsync|Promise\.(?:withResolvers|try)", "new in 2024", "Promise.withResolvers()"),
]

FALLBACKS = [
    ("appearance", "-webkit-appearance", "Safari 15.4 is the first to know it without its prefix"),
    ("hyphens", "-webkit-hyphens", "so is Safari 17"),
]
"""A property that needs another one in the same rule, before it."""

COMMENT = re.compile(r"(?s)/\*.*?\*/|(?<!:)//[^\n]*")


def files(kind: str) -> list[str]:
    return [path for path in assets.assets() if path.endswith(kind)]


def source(path: str) -> str:
    """A script or style sheet without its comments."""
    return COMMENT.sub("", assets.assets()[path].plain.decode())


@pytest.mark.parametrize(("pattern", "what", "example"), [*STYLES, *SCRIPTS], ids=lambda each: str(each)[:30])
def test_the_pattern_sees_what_it_is_for(pattern: str, what: str, example: str) -> None:
    assert re.search(pattern, example, re.MULTILINE), what


@pytest.mark.parametrize("path", files(".css"))
def test_a_style_sheet_is_of_2021(path: str) -> None:
    younger = [what for pattern, what, _ in STYLES if re.search(pattern, source(path), re.MULTILINE)]
    assert younger == []


@pytest.mark.parametrize("path", files(".js"))
def test_a_script_is_of_2021(path: str) -> None:
    younger = [what for pattern, what, _ in SCRIPTS if re.search(pattern, source(path), re.MULTILINE)]
    assert younger == []


@pytest.mark.parametrize("path", files(".css"))
def test_what_old_browsers_know_by_another_name_is_said_twice(path: str) -> None:
    for rule in re.findall(r"\{([^{}]*)\}", source(path)):
        names = [line.split(":")[0].strip() for line in rule.split(";")]
        for name, before, why in FALLBACKS:
            assert name not in names or before in names[: names.index(name)], why
        sizes = [line for line in rule.split(";") if re.search(r"\d(?:d|s|l)vh", line)]
        for line in sizes:
            assert names.count(line.split(":")[0].strip()) == 2, "an older browser needs the same in vh, before it"


@pytest.mark.parametrize("path", files(".css"))
def test_text_is_never_small_and_never_in_pixels(path: str) -> None:
    """On the patient's pages nothing is smaller than the page's own size: 18 px, or more where somebody wants more."""
    if path == "css/workspace.css":
        pytest.skip("the study team's tables")
    for size in re.findall(r"font-size:\s*([^;]+);", source(path)):
        grows = re.fullmatch(r"([\d.]+)(rem|%)", size)
        assert grows, size
        assert float(grows[1]) >= (1 if grows[2] == "rem" else 112.5), size


@pytest.mark.parametrize("path", files(".css"))
def test_no_style_sheet_is_over_400_lines(path: str) -> None:
    assert assets.assets()[path].plain.count(b"\n") <= 400


@pytest.mark.parametrize("path", files(".css"))
def test_sides_are_logical(path: str) -> None:
    """Left and right are where a person's language has them. The scale turned by a quarter stands alone."""
    if path != "css/vas.css":
        assert not re.search(
            r"(?<![\w-])(?:margin-|padding-|border-)?(?:left|right)\s*:|text-align:\s*(?:left|right)", source(path)
        )
