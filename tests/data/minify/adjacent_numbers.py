print([0x1 for _ in range(2)])
print(1 if x else 2 for x in [1]) if False else print(1 if 1 else 2)
print(0 or 1, 1 and 2, 0b11 if 0o7 else 3)
print(0xe + 1, 0xe - 1, 1e3 + 1, 1e-3 - 1)
