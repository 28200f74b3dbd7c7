f = lambda x : "big" if x > 3 else "small"
print(f(1) , f(5) , ( 1 if 0 else 2 ) , [ 1 ] if 0 else [ 2 ])
