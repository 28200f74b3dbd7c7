def f():
  yield 1
print(1)
