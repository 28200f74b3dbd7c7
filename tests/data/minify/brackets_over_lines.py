x = [
    1,   # one

    2,
  # low comment
]
y = {
    "a" : 1 ,
    "b" : [ 2 ,
3 ] ,
}
print(x, y["b"][ 1 : ], (
    1
    +
    2
))
