a = 1 ; b = 2 ;
if a : print(a) ; print(b)
class A : x = 1 ; y = 2
print(A.x , A.y)
