import sys
x = 1 + \
  2 + \
  3
try:

    raise ValueError \
        ("x")
except ValueError as e:
    sys.print_exception(e, sys.stdout)
