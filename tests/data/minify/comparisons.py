a, b = 1, 2
print(a < b, a <= b, a != b, a == b, a > - b, a is not b, not a, a in [a], a not in [a])
print(not (a), not(a) or(b), - a < - b)
