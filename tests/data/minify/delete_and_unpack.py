a , * b = [ 1 , 2 , 3 ]
( c , d ) = ( e , f ) = 1 , 2
del c , d
print(a, b, e, f, "c" in globals())
