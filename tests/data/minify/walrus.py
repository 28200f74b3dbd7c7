if ( n := 10 ) > 5 :
    print(n)
print([ y := 1 , y ** 2 ])
