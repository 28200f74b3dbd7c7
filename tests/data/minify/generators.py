def g(n):
    for i in range(n):
        x = yield i
        if x : print("got", x)
    yield from ( i * i for i in range(2) )
it = g(2)
print(next(it), it.send("a"), list(it))
