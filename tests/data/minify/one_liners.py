def f(x): return x + 1
class A: x = 1
if f(1) : print("one")
else : print("two")
for i in range(2) : print(i)
while False : pass
try : print("t")
finally : print("f")
