for i in range(3):
        if i == 1:
          for j in range(2):
              print(i, j)
        elif i:
                print("elif", i)
        else:
         print("else", i)
while True:
   break
