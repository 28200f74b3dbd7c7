f = lambda : 0
g = lambda x , y = 2 : x + y
h = lambda * a , ** k : ( a , k )
print(f(), g(1), h(1, a=2), (lambda x: (lambda y: x + y))(1)(2))
