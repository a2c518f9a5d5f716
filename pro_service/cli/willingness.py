"""`--wtp`: what one unit of effect may cost, as START:STOP:STEP or a list."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import click

MOST = 10_001


class Willingness(click.ParamType[tuple[float, ...]]):
    """`0:100000:2500` (both ends belong to it) or `20000,50000,80000`."""

    name = "wtp"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        text = str(value)
        try:
            numbers = [Decimal(part) for part in text.split(":" if ":" in text else ",")]
        except InvalidOperation:
            self.fail(f"'{text}' is neither like 0:100000:2500 nor like 20000,50000,80000", param, ctx)
        if not all(number.is_finite() and number >= 0 for number in numbers):
            self.fail(f"'{text}': an amount to pay is 0 or more", param, ctx)
        if ":" not in text:
            return tuple(float(number) for number in sorted(set(numbers)))
        return self._range(text, numbers, param, ctx)

    def _range(
        self, text: str, numbers: list[Decimal], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        start, stop, step = numbers if len(numbers) == 3 else (Decimal(0), Decimal(0), Decimal(0))
        if step <= 0 or stop < start:
            self.fail(f"'{text}': expected START:STOP:STEP, upwards, such as 0:100000:2500", param, ctx)
        steps = int((stop - start) / step)
        if steps >= MOST:
            self.fail(f"'{text}' makes more than {MOST} amounts", param, ctx)
        return tuple(float(start + step * number) for number in range(steps + 1))
