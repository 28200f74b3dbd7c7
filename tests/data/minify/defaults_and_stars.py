def f(a, b = 1, * args, c = 2, ** kw):
    return a, b, args, c, sorted(kw . items())
print(f(1), f(1, 2, 3, c = 4, d = 5), f(* [1, 2], ** {"c": 3}))
