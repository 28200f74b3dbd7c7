def f():
    """Doc
    over lines"""
    # comment

    x = [
        1,
        2 // 0,
    ]
import sys
try:
    f()
except ZeroDivisionError as e:
    sys.print_exception(e, sys.stdout)
