def d(f):
    return lambda * a: ("d", f(* a))
@ d
def f(x):
    return x
class N:
    d = d
@ N . d
def g(x):
    return - x
print(f(1), g(2))
