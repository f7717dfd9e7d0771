package core

const evenPairs = false
