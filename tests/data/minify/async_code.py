async def f ( x ) :
    """Text"""
    return x + 1
async def g ( ) :
    a = await f ( 1 )
    return a + await f(a)
c = g()
try:
    c.send(None)
except StopIteration as e:
    print(e.value)
