print([ x * y for x in range(3) for y in range(2) if x != y ])
print(sorted({ x % 2 for x in range(5) }), { k : v for k , v in [ (1, 2) ] })
print(sum( x for x in range(4) ))
