def f(x):
    if x == 0: return(1)
    if x == 1: return[2]
    if x == 2: return"s"
    if x == 3: return-1
    return{}
print([f(i) for i in range(5)])
