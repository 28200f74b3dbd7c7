print(r"\n", b"\x00\xff", rb"\d", br'\'', "\\", '\'')
print(b"a" b"b", r"a" "\n")
