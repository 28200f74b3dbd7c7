@ micropython . native
def f ( x ) :
    """Native"""
    pass
    return x + 1
@micropython.viper
def g ( x : int ) -> int :
    'Viper'
    y : int = 2
    return x + y
print(f(1), g(2))
