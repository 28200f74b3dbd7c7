d = { "a" : lambda : 1 , "b" : lambda x : x + 1 }
print(d [ "a" ] ( ) , d["b"] ( 2 ))
