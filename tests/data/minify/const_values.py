from micropython import const
_A = const ( 5 )
B = const(_A + 1)
def f ( ) : return _A + B
print(f())
