for x in"ab":
    print(x if"a"else"b")
print("a"if 1 else"b", ["a"for _ in b"ab"])
r = "r"
print(r , "x")
