x = 1 + 2 * 3 - - 4
y = x ** 2 // 3 % 5
print ( x , y , ~ x , + x )
print(x << 2 >> 1 & 0xff | 1 ^ 2)
