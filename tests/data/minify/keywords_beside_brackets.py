x = [1]
print([i for i in(1, 2)if(i)or(0)], (1)if(x)else(2), (1)and[2]or{3})
