print (1)
print ("a" , end = "" , sep = " ")
print ( )
