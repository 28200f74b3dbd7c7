x = 3
print(- - x, + - + x, ~ - x, not not x, 2 ** - 1, x - - x, x + + x)
