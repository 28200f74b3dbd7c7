x = 1
print(x)
'the last statement stays'
