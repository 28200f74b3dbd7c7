if 1:
    'nothing'
else:
    'nothing'
for i in range(1):
    'loop'
print("end")
