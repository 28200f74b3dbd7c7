x = 1 + \
    2 \
    + 3
print(x, \
      "a\
b")
if x and \
   x:
    print("yes")
assert x == 6, \
    "no"
