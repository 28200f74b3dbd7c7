print("{} {:>5} {a}" . format(1 , 2 , a = 3) , "%s-%d" % ("x" , 4))
