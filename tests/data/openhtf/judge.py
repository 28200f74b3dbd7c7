"""Judges a table of values by OpenHTF's validators, and prints the verdicts, one JSON object a line.

verdicts.jsonl was made by OpenHTF 1.6.3:

    python3 -m venv env && env/bin/pip install openhtf==1.6.3
    env/bin/python judge.py > verdicts.jsonl

Each line has `options` and `value`, which are for `measure`, and `verdict`, which is OpenHTF's: `pass`, `marginal`, `fail`, or `error`
if it raised an exception. Where `measure` gives another verdict on purpose, `measure` is that verdict and `because` says why.
"""

import json
import logging
import math

from openhtf.core.measurements import Measurement, Outcome
from openhtf.util import validators

logging.disable(logging.CRITICAL)
NAN, INF = math.nan, math.inf


def judged(build, value, dimensions=False):
    try:
        measurement = Measurement("m")
        if dimensions:
            measurement.with_dimensions("x")
        build(measurement)
        if dimensions:
            for x, y in value:
                measurement.measured_value[x] = y
        else:
            measurement.measured_value.set(value)
        measurement.validate()
    except Exception:
        return "error"
    if measurement.outcome is Outcome.PASS:
        return "marginal" if measurement.marginal else "pass"
    return "fail"


def plain(value):
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def row(options, value, build, dimensions=False, differs=None):
    verdict = judged(build, value, dimensions)
    line = {"options": plain(options), "value": plain(value), "verdict": verdict}
    for measure, because in differs or []:
        # Neither an exception nor a failure lets the value pass.
        if measure != verdict and not (verdict == "error" and measure == "fail"):
            line.update(measure=measure, because=because)
            break
    print(json.dumps(line, ensure_ascii=False))


def given(**options):
    return {key: value for key, value in options.items() if value is not None}


BOOL = ("fail", "a bool is not a number")
INFINITE = ("fail", "an infinite value needs a limit on its side")
AT_MARGIN = ("pass", "a value equal to a marginal limit passes")


def in_range_differences(low, high, marginal_low, marginal_high, value, kind="fail"):
    if isinstance(value, bool):
        return [BOOL]
    if not isinstance(value, (int, float)):
        return None
    if judged(lambda m: m.in_range(low, high, marginal_low, marginal_high), 2) == "error":
        return None
    if value == INF and high is None or value == -INF and low is None:
        return [INFINITE]
    inside = (low is None or value >= low) and (high is None or value <= high)
    at = value in (marginal_low, marginal_high)
    beyond = marginal_low is not None and value < marginal_low or marginal_high is not None and value > marginal_high
    if inside and at and not beyond:
        return [AT_MARGIN]
    return None


RANGES = [
    (0, None, None, None), (None, 5, None, None), (0, 5, None, None), (3.3, 3.3, None, None), (-1.5, 3.3, None, None),
    (0, 5, 1, None), (0, 5, None, 4), (0, 5, 1, 4), (0, None, 1, None), (None, 5, None, 4), (1, 4, 1, 4),
    (5, 0, None, None), (0, 5, -1, None), (0, 5, None, 6), (0, 5, 4, 1), (0, None, None, 4), (None, 5, 1, None),
]
VALUES = [
    -2, -1.5, -1e-9, 0, 0.5, 1, 2, 3.3, 3.3000001, 4, 4.5, 5, 5.0000001, 1e300, NAN, INF, -INF, True, False, "3.3", None,
    10 ** 30,
]

for low, high, marginal_low, marginal_high in RANGES:
    options = given(min=low, max=high, marginal_min=marginal_low, marginal_max=marginal_high)
    build = lambda m: m.in_range(low, high, marginal_low, marginal_high)
    for value in VALUES:
        if value == 10 ** 30:
            continue
        row(options, value, build, differs=in_range_differences(low, high, marginal_low, marginal_high, value))
    for values in ([], [1], [1, 2, 4.5], [2, 6], [-1, 2], [2, NAN], [2, INF], [1.0, 4], [True], ["2"], [None]):
        differs = None
        if not values:
            differs = [("fail", "an empty list fails")]
        elif values[0] is True:
            differs = [BOOL]
        elif INF in values and high is None:
            differs = [INFINITE]
        else:
            numbers = [value for value in values if isinstance(value, (int, float))]
            ours = [in_range_differences(low, high, marginal_low, marginal_high, value) for value in numbers]
            odd = [
                value for value in numbers
                if marginal_low is not None and value < marginal_low or marginal_high is not None and value > marginal_high
            ]
            if any(ours) and not odd:
                differs = [AT_MARGIN]
        build = lambda m: m.all_in_range(low, high, marginal_low, marginal_high)
        verdict = judged(build, values)
        # Contradicting limits are an error for both, whatever the values.
        if judged(build, [2]) == "error":
            differs = None
        if verdict in ("fail", "error"):
            differs = None
        row({"all": options}, values, build, differs=differs)

for wanted in (5, 0, 2.5, -3, "ab", "a.b", [1, 2], True):
    for value in (5, 5.0, 0, -3, 2.5, NAN, INF, "ab", "a.b", "axb", "ab\n", "", [1, 2.0], [1], [], True, False, 1, None):
        differs = None
        if isinstance(value, bool) != isinstance(wanted, bool):
            differs = [("fail", "a bool equals no number")]
        elif value == "ab\n":
            differs = [("fail", "the whole text must be equal, its line end too")]
        elif isinstance(value, bool) and isinstance(wanted, bool) and value == wanted:
            differs = None
        verdict = judged(lambda m: m.equals(wanted), value)
        if verdict in ("fail", "error"):
            differs = None
        row({"equals": wanted}, value, lambda m: m.equals(wanted), differs=differs)

for wanted, values in (
    (5, [5, 5.0]), (5, [5, 4]), (5, []), (5, [NAN]), ("a", ["a", "a"]), ("a", ["a", "b"]), ([1], [[1], [1]]), ([1], [[1], [2]]),
):
    differs = None
    if not values:
        differs = [("fail", "an empty list fails")]
    elif wanted == "a" and values == ["a", "a"]:
        differs = [("pass", "each text is compared; OpenHTF compares the text of the list")]
    row({"all": {"equals": wanted}}, values, lambda m: m.all_equals(wanted), differs=differs)

for pattern in ("^SN-[0-9]{4}$", "SN", "[0-9]+", "^$", ".*", "N-"):
    for value in ("SN-0012", "SN-001", "xSN-0012", "", "12", 12, 1.5, True, None):
        differs = None
        if not isinstance(value, str):
            differs = [("fail", "a regular expression needs a string")]
        elif judged(lambda m: m.matches_regex(pattern), value) == "fail":
            differs = [("pass", "the pattern may match anywhere; `^` holds it to the start")] if pattern in ("SN", "N-", "[0-9]+") and \
                __import__("re").search(pattern, value) else None
        row({"matches": pattern}, value, lambda m: m.matches_regex(pattern), differs=differs)

for expected, percent, marginal in (
    (10, 5, None), (10, 5, 4), (-10, 5, 4), (3.3, 0, None), (10, 5, 5), (10, 5, 6), (10, -1, None), (0, 5, None),
):
    options = given(equals=expected, within_percent=percent, marginal_percent=marginal)
    build = lambda m: m.within_percent(expected, percent, marginal)
    for value in (9.4999, 9.5, 9.55, 9.6, 9.7, 10, 10.4, 10.45, 10.5, 10.5001, -9.5, -10, -10.45, 3.3, 0, NAN, INF, True, "10", None):
        differs = None
        if expected == 0:
            differs = [("error", "a tolerance of 0 is refused: every other value fails")]
        elif isinstance(value, bool):
            differs = [BOOL]
        elif marginal and isinstance(value, (int, float)) and not math.isnan(value):
            low, high = sorted((expected * 0.95, expected * 1.05))
            if value in (low, high):
                differs = [("marginal", "a value equal to a limit is marginal; OpenHTF counts it as central")]
            elif value in (expected - 0.4, expected + 0.4):
                differs = [AT_MARGIN]
        verdict = judged(build, value)
        if verdict in ("fail", "error") and expected != 0:
            differs = None
        row(options, value, build, differs=differs)

for rows in ([], [[1, 2]], [[1, 2], [2, 9]], [[1, 9], [2, 2], [3, 2]], [[1, 2], [2, 9], [3, 2]], [[1, 9]], [[1, NAN]]):
    limit = validators.in_range(0, 5)
    differs = None if rows else [("fail", "an empty list fails")]
    columns = lambda limits: {"columns": ["x", {"name": "y", **limits}]}
    row(columns({"all": {"min": 0, "max": 5}}), rows, lambda m: m.dimension_pivot_validate(limit), True, differs)
    row(
        columns({"stays": {"min": 0, "max": 5}}), rows, lambda m: m.consistent_end_dimension_pivot_validate(limit), True, differs,
    )

for digits in (0, 1, 2, 3):
    for value in (0.5, 1.5, 2.5, 2.675, 1.005, 0.125, -0.125, -2.5, 3.404, 3.45, 1e10 + 0.05, 7, NAN):
        options = {"precision": digits, "min": round(value, digits), "max": round(value, digits)}
        if value != value:
            options.update(min=0, max=1)
        low, high = options["min"], options["max"]
        row(options, value, lambda m: m.with_precision(digits).in_range(low, high))
