import os,sys,time
from time import sleep
try:
 import machine
except ImportError:
 pass
try:
 from micropython import const
except ImportError:
 pass
try:
 from machine import Pin
except ImportError:
 pass
try:
 from machine import Timer
except ImportError:
 pass
try:
 from machine import PWM
except ImportError:
 pass
try:
 from machine import I2C
except ImportError:
 pass
try:
 from machine import SPI
except ImportError:
 pass
try:
 from machine import ADC
except ImportError:
 pass
