a = "q"
print(f"{a + "b"}", f"{f"{a}"}")
