def f(a : int , b : str = "x" ) -> int :
    c : int = 5
    return a + c
x : int = 3
print(f(x))
