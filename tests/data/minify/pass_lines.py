def f():
    pass
class A:
    pass
for i in range(2):
    pass
else:
    print("else")
if 1: pass
try:
    pass
finally:
    print("finally")
print(f(), A)
