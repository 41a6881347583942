Feature: Medicare reads JW and JZ on the drug's own lines, each for one thing
  JW is on a line of its own and says: this much was thrown away. JZ is on the administered
  line and says: nothing was. They never share a line, they do not contradict each other, and no
  other modifier and no other line speaks for them.

  Rule: Without a JW line, every administered line carries JZ

    Background:
      Given the example clean-refill of Medicare for J0945

    Scenario: The administered line carries JZ
      When the claim is decided
      Then it is approved
      And 4 units are allowed on line 1
      And rule jz-missing does not hold

    Scenario: The administered line carries no modifier
      Given the drug lines carry no JZ
      When the claim is decided
      Then it is denied
      And 0 units are allowed on line 1
      And the reasons are
        | rule       | group | carc | rarc       | line |
        | jz-missing | CO    | 16   | N822 MA130 | 1    |
      And it says "No discarded drug is billed, so each line needs JZ"
      And it says "Correct the claim and send it again"

    Scenario: One of two administered lines lacks JZ
      Given these claim lines
        | modifiers | units | ndc           |
        | JZ        | 4     | 66794-157-02  |
        |           | 4     | 70121-2503-01 |
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule       | group | carc | rarc       | line |
        | jz-missing | CO    | 16   | N822 MA130 | 1 2  |

    Scenario: Both of two administered lines carry JZ
      Given these claim lines
        | modifiers | units | ndc           |
        | JZ        | 4     | 66794-157-02  |
        | JZ        | 4     | 70121-2503-01 |
      When the claim is decided
      Then it is approved

    Scenario Outline: JZ among other modifiers, in any place and any case
      Given the drug lines carry <modifiers>
      When the claim is decided
      Then it is approved
      And rule jz-missing does not hold

      Examples:
        | case                               | modifiers   |
        | in small letters                   | jz          |
        | after a 340B modifier              | TB, JZ      |
        | before a 340B modifier             | JZ, TB      |
        | last of four                       | KX TB GA JZ |
        | in small letters, in the middle    | kx jz tb    |
        | beside a distinct-service modifier | 59 JZ       |

    Scenario Outline: No other modifier replaces JZ
      Given the drug lines carry <modifiers>
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule       | group | carc | rarc       | line |
        | jz-missing | CO    | 16   | N822 MA130 | 1    |

      Examples:
        | case                            | modifiers |
        | distinct procedural service     | 59        |
        | separate encounter              | XE        |
        | separate practitioner           | XP        |
        | separate structure              | XS        |
        | unusual non-overlapping service | XU        |
        | several of them                 | 59 XU     |
        | requirements of the policy met  | KX        |
        | infused through equipment       | KD        |
        | a 340B drug                     | TB        |

    Scenario Outline: A distinct-service modifier on the drug is noted, and decides nothing
      Given the drug lines carry <modifiers>
      When the claim is decided
      Then it is <decision>
      And it advises by rule distinct-service-modifier
      And it says "never replaces JW or JZ"

      Examples:
        | case          | modifiers | decision |
        | 59 with JZ    | 59 JZ     | approved |
        | XU with JZ    | XU JZ     | approved |
        | 59 without JZ | 59        | denied   |
        | XE without JZ | XE        | denied   |

    Scenario: Without a distinct-service modifier there is no such note
      Given the drug lines carry JZ KX
      When the claim is decided
      Then it is approved
      And there is no reason from rule distinct-service-modifier

  Rule: A modifier on another line does not speak for the drug

    Background:
      Given the example refill-with-waste of Medicare for J0945

    Scenario: JZ is on the refill procedure, and not on the drug
      Given these claim lines
        | code  | modifiers | units |
        | J0945 |           | 4     |
        | 62369 | JZ        | 1     |
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule       | group | carc | rarc       | line |
        | jz-missing | CO    | 16   | N822 MA130 | 1    |

    Scenario: JW is on the refill procedure, and not on the drug
      Given these claim lines
        | code  | modifiers | units |
        | J0945 |           | 3     |
        | 62369 | JW        | 1     |
      And it is known that the amount discarded is 10 mg
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule             | group | carc | rarc       | line |
        | jz-missing       | CO    | 16   | N822 MA130 | 1    |
        | waste-without-jw | CO    | 16   | N822 MA130 | 1    |

    Scenario: JZ is on another drug
      Given these claim lines
        | code  | modifiers | units |
        | J0945 |           | 4     |
        | J2278 | JZ        | 25    |
      When the claim is decided
      Then line 1 is denied
      And the reason is CO 16 with MA130 and N822 from rule jz-missing

    Scenario: JW is on another drug beside a drug line with JZ
      Given these claim lines
        | code  | modifiers | units |
        | J0945 | JZ        | 4     |
        | J2278 |           | 25    |
        | J2278 | JW        | 75    |
      When the claim is decided
      Then line 1 is approved
      And rule jz-beside-jw does not hold

    Scenario: A distinct-service modifier on the procedure is no matter of the drug
      Given these claim lines
        | code  | modifiers | units |
        | J0945 | JZ        | 4     |
        | 62369 | 59        | 1     |
      When the claim is decided
      Then it is approved
      And there is no reason from rule distinct-service-modifier

  Rule: JW is on a line of its own, beside an administered line without JW and without JZ

    Scenario Outline: Two lines, in any order and with other modifiers
      Given the example clean-refill of Medicare for J0945
      But these claim lines
        | modifiers | units          |
        | <first>   | <first units>  |
        | <second>  | <second units> |
      When the claim is decided
      Then it is approved
      And rule jz-missing does not hold
      And rule jw-without-administered does not hold
      And rule jz-beside-jw does not hold
      And rule jw-and-jz-on-one-line does not hold

      Examples:
        | case                        | first | first units | second      | second units |
        | the administered line first |       | 3           | JW          | 1            |
        | the discarded line first    | JW    | 1           |             | 3            |
        | in small letters            |       | 3           | jw          | 1            |
        | JW after another modifier   | TB    | 3           | TB JW       | 1            |
        | JW before another modifier  | TB    | 3           | JW, TB      | 1            |
        | JW last of four             |       | 3           | KX TB GA JW | 1            |

    Scenario: The same number of units given and discarded is no repetition
      Given the example refill-with-waste of Medicare for J0945
      But the drug lines have units 2
      When the claim is decided
      Then it is approved
      And there is no reason from rule identical-lines

    Scenario Outline: Only discarded drug is billed
      Given the example clean-refill of Medicare for J0945
      But the drug lines carry <modifiers>
      And the drug lines have units <units>
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                    | group | carc | rarc | line |
        | jw-without-administered | CO    | 107  | N161 | 1    |

      Examples:
        | case                             | modifiers | units |
        | one unit                         | JW        | 1     |
        | the whole vial                   | JW        | 4     |
        | with a distinct-service modifier | JW 59     | 1     |

    Scenario: Given and discarded drug are put on one line with JW
      Given the example clean-refill of Medicare for J0945
      But the drug lines carry JW
      And it is known that the dose administered is 30 mg
      And it is known that the amount discarded is 10 mg
      When the claim is decided
      Then it is denied
      And the reason is CO 107 with N161 from rule jw-without-administered

    Scenario: The drug that was given is billed on an earlier claim only
      Discarded drug goes on the claim that bills what was given.

      Given the example clean-refill of Medicare for J0945
      But the drug lines carry JW
      And the drug lines have units 1
      And these earlier claims
        | claim number | units |
        | EARLIER-1    | 3     |
      When the claim is decided
      Then it is denied
      And the reason is CO 107 with N161 from rule jw-without-administered

    Scenario: The drug that was given is billed for another day
      Given the example refill-with-procedure of Medicare for J0945
      And the claim has place of service 11
      And these claim lines
        | modifiers | units | date       | therapy.phase |
        |           | 3     | 2025-03-02 | refill        |
        | JW        | 1     | 2025-03-03 | refill        |
      When the claim is decided
      Then line 2 is denied
      And the reason is CO 107 with N161 from rule jw-without-administered

  Rule: JW and JZ on one line

    Scenario Outline: One line carries both
      Given the example refill-with-waste of Medicare for J0945
      But line 2 carries <modifiers>
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                  | group | carc | rarc | line |
        | jw-and-jz-on-one-line | CO    | 4    | N519 | 1 2  |

      Examples:
        | case                     | modifiers   |
        | JW first                 | JW JZ       |
        | JZ first                 | JZ JW       |
        | in small letters         | jz jw       |
        | with others between them | JW KX TB JZ |

    Scenario: The only line carries both
      Two things are wrong with it: the pair, and that nothing is billed as given.

      Given the example clean-refill of Medicare for J0945
      But the drug lines carry JW JZ
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                    | group | carc | rarc | line |
        | jw-and-jz-on-one-line   | CO    | 4    | N519 | 1    |
        | jw-without-administered | CO    | 107  | N161 | 1    |

    Scenario Outline: One line carries both, and another JZ besides
      Given the example refill-with-waste of Medicare for J0945
      But line 1 carries JZ
      And line 2 carries JW JZ
      And it is known that the number of containers opened is <opened>
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                  | group | carc | rarc | line |
        | jw-and-jz-on-one-line | CO    | 4    | N519 | 1 2  |

      Examples:
        | case           | opened |
        | one container  | 1      |
        | two containers | 2      |

  Rule: For one container, JZ on one line and JW on another contradict each other

    Background:
      Given the example refill-with-waste of Medicare for J0945

    Scenario: One container was opened
      Given line 1 carries JZ
      And it is known that the number of containers opened is 1
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule         | group | carc | rarc | line |
        | jz-beside-jw | CO    | 4    | N519 | 1 2  |

    Scenario: The units fit one container of the product on the lines
      Given line 1 carries JZ
      And the drug lines have ndc 66794-157-02
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule         | group | carc | rarc | line |
        | jz-beside-jw | CO    | 4    | N519 | 1 2  |

    Scenario Outline: How many containers there were is not known
      Given these claim lines
        | modifiers | units     | ndc   |
        | JZ        | <with JZ> | <ndc> |
        | JW        | 1         | <ndc> |
      When the claim is decided
      Then it is pended
      And no rule denies it
      And the information request is CO 252 with N706
      And it asks for the number of containers opened

      Examples:
        | case                                   | with JZ | ndc          |
        | no product is on the lines             | 3       |              |
        | one unit more than one container holds | 4       | 66794-157-02 |
        | more than the small container holds    | 3       | 66794-155-02 |

    Scenario: Two containers were opened, and a person looks at how they were used
      Given these claim lines
        | modifiers | units |
        | JZ        | 4     |
        |           | 3     |
        | JW        | 1     |
      And it is known that the number of containers opened is 2
      And it is known that the amount discarded is 10 mg
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                            | group | carc | rarc | line  |
        | jz-beside-jw-several-containers |       |      |      | 1 2 3 |
      And it says "Which container was used up, and which was not?"

    Scenario: Two containers of a product on the lines, one full and one partly used
      Given these claim lines
        | modifiers | units | ndc          |
        | JZ        | 4     | 66794-157-02 |
        |           | 3     | 66794-157-02 |
        | JW        | 1     | 66794-157-02 |
      And it is known that the number of containers opened is 2
      When the claim is decided
      Then it is pended
      And rule jz-beside-jw does not hold
      And rule jz-beside-jw-several-containers holds

    Scenario Outline: Several containers alone are no reason to look
      Given these claim lines
        | modifiers   | units |
        | <modifiers> | 7     |
        | JW          | 1     |
      And it is known that the number of containers opened is <opened>
      When the claim is decided
      Then it is approved
      And rule jz-beside-jw-several-containers does not hold
      And rule jz-beside-jw does not hold

      Examples:
        | case            | modifiers | opened |
        | two containers  |           | 2      |
        | five containers | TB        | 5      |
