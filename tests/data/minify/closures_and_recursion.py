def outer ( n ) :

    # inner
    def inner ( k ) :
        if k <= 0 :
            return n
        return inner ( k - 1 ) + 1


    return inner
print(outer(2)(3))
