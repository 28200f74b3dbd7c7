a = list(range(10))
print(a[1 : 5], a[: : 2], a[ : : - 1], a[:-1], a[1:], a [ 0 ])
