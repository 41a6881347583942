Feature: Medicare: J0945 among the codes it is mixed up with

  The client's material reads J0945 as baclofen, 10 mg, and these policies do so too. The official list
  reads it as brompheniramine and gives baclofen the codes J0475 (10 mg) and J0476 (50 mcg, for a
  screening trial). Every determination on J0945 says so.

  Rule: Every determination on J0945 states what the official list says

    Scenario Outline: It is noted whatever the decision: <case>
      Given the example refill-with-procedure of Medicare for J0945
      But the diagnoses <diagnosis>
      When the claim is decided
      Then it is <decision>
      And it advises by rule code-identity-note
      And it says "The official code list says that J0945 is brompheniramine maleate, per 10 mg"
      And it says "baclofen is J0475 (10 mg) and J0476 (50 mcg, trial)"

      Examples:
        | case         | diagnosis | decision |
        | it is paid   | G82.51    | approved |
        | it is denied | E11.9     | denied   |
        | it waits     | R25.2     | pended   |

    Scenario: It is noted on a request before the service
      Given a preauthorization request to Medicare for J0945 on 2025-03-03
      And the diagnoses G82.51
      And it is known that the phase of therapy is refill
      When the request is decided
      Then it is approved
      And it advises by rule code-identity-note

    Scenario: It is noted on a void
      Given a claim to Medicare for J0945 on 2025-03-03
      And the claim has frequency 8
      And these claim lines
        | code  | modifiers | units | place of service |
        | J0945 | JZ        | 4     | 11               |
      When the claim is decided
      Then it is pended
      And it advises by rule code-identity-note

  Rule: The same drug is billed under one code

    Scenario: J0945 and J0475 on one day pend for review
      Given the example refill-with-procedure of Medicare for J0945
      But these claim lines
        | code  | modifiers | units | place of service |
        | J0945 | JZ        | 4     | 11               |
        | J0475 | JZ        | 4     | 11               |
        | 62369 |           | 1     | 11               |
      When the claim is decided
      Then it is pended
      And line 1 is pended
      And line 2 is pended
      And no rule denies it
      And the reasons are
        | rule                      | line |
        | same-drug-under-two-codes | 1    |
        | same-drug-under-two-codes | 2    |
      And it says "another code of the same drug on 2025-03-03"

    Scenario: J0945 and J0476 on one day pend for review
      Given the example screening-dose of Medicare for J0945
      But these claim lines
        | code  | modifiers | units | place of service |
        | J0945 | JZ        | 1     | 11               |
        | J0476 | JZ        | 1     | 11               |
        | 62322 |           | 1     | 11               |
      When the claim is decided
      Then it is pended
      And no rule denies it
      And the reasons are
        | rule                      | line |
        | same-drug-under-two-codes | 1    |
        | same-drug-under-two-codes | 2    |

    Scenario: J0945 and J0475 on different days are two services
      Given the example refill-with-procedure of Medicare for J0945
      But these claim lines
        | code  | modifiers | units | place of service | date       |
        | J0945 | JZ        | 4     | 11               | 2025-03-03 |
        | 62369 |           | 1     | 11               | 2025-03-03 |
        | J0475 | JZ        | 4     | 11               | 2025-03-04 |
        | 62369 |           | 1     | 11               | 2025-03-04 |
      When the claim is decided
      Then it is approved
      And rule same-drug-under-two-codes does not hold

    Scenario: J0945 on two lines is one code
      Given the example refill-with-waste-and-procedure of Medicare for J0945
      When the claim is decided
      Then it is approved
      And rule same-drug-under-two-codes does not hold

    Scenario: A void of both codes that names no claim is asked which one, and nothing else
      Given the example refill-with-procedure of Medicare for J0945
      And the claim has frequency 8
      And these claim lines
        | code  | modifiers | units | place of service |
        | J0945 | JZ        | 4     | 11               |
        | J0475 | JZ        | 4     | 11               |
        | 62369 |           | 1     | 11               |
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  | line |
        | void-asks-for-nothing | 1    |
        | void-asks-for-nothing | 2    |

  Rule: J0945 serves for screening doses and for fills

    Scenario Outline: <case> with J0945 is the right code
      Given the example screening-dose of Medicare for J0945
      But the drug lines have units <units>
      And line 2 has code <procedure>
      When the claim is decided
      Then it is approved
      And rule fill-code-used-for-trial does not hold
      And rule trial-code-used-for-fill does not hold

      Examples:
        | case             | procedure | units |
        | A screening dose | 62322     | 1     |
        | A refill         | 62369     | 4     |

  Rule: Another pump drug, or an unclassified one, on the same day is noted

    Background:
      Given the example refill-with-waste-and-procedure of Medicare for J0945

    Scenario Outline: The drug is paid, the other waits for a person: <case>
      Given these claim lines
        | code    | modifiers | units | place of service |
        | J0945   | JZ        | 4     | 11               |
        | 62369   |           | 1     | 11               |
        | <other> |           | 1     | 11               |
      When the claim is decided
      Then it is pended
      And line 1 is approved
      And line 3 is pended
      And it advises by rule other-drug-on-claim
      And it says "A mixture is a compounded drug and is billed as such"

      Examples:
        | case                       | other |
        | ziconotide                 | J2278 |
        | an unclassified drug       | J3490 |
        | the same, through a device | J7799 |
        | a compounded drug          | J7999 |

    Scenario: A drug that is not for the pump is not noted
      Given these claim lines
        | code  | modifiers | units | place of service |
        | J0945 | JZ        | 4     | 11               |
        | 62369 |           | 1     | 11               |
        | J1100 |           | 4     | 11               |
      When the claim is decided
      Then line 1 is approved
      And rule other-drug-on-claim does not hold

    Scenario: Another pump drug on another day is not noted
      Given these claim lines
        | code  | modifiers | units | place of service | date       |
        | J0945 | JZ        | 4     | 11               | 2025-03-03 |
        | 62369 |           | 1     | 11               | 2025-03-03 |
        | J2278 |           | 100   | 11               | 2025-03-10 |
      When the claim is decided
      Then line 1 is approved
      And rule other-drug-on-claim does not hold

    Scenario: A void gets no note about other drugs
      Given the claim has frequency 8
      And these claim lines
        | code  | modifiers | units | place of service |
        | J0945 | JZ        | 4     | 11               |
        | 62369 |           | 1     | 11               |
        | J2278 |           | 100   | 11               |
      When the claim is decided
      Then it is pended
      And rule other-drug-on-claim does not hold

  Rule: Compounded drug billed with the code of a manufactured product

    Scenario: A compounded drug under J0945 is denied
      Given the example refill-with-procedure of Medicare for J0945
      And it is known that whether a pharmacy compounded the drug is yes
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                          | group | carc | rarc | line |
        | compounded-under-product-code | CO    | 16   | N56  | 1    |
      And it says "Bill an unclassified code (J7799 or J3490"

    Scenario: A manufactured product under J0945 is paid
      Given the example refill-with-procedure of Medicare for J0945
      And it is known that whether a pharmacy compounded the drug is no
      When the claim is decided
      Then it is approved
      And rule compounded-under-product-code does not hold

    Scenario: Billing the code of a product states that it is that product
      Given the example refill-with-procedure of Medicare for J0945
      When the claim is decided
      Then it is approved
      And rule compounded-under-product-code does not hold
      And it does not ask for whether a pharmacy compounded the drug

    Scenario: A request for a compounded drug is denied beforehand
      Given a preauthorization request to Medicare for J0945 on 2025-03-03
      And the diagnoses G82.51
      And it is known that the phase of therapy is refill
      And it is known that whether a pharmacy compounded the drug is yes
      When the request is decided
      Then it is denied
      And the reasons are
        | rule                          | group | carc | rarc |
        | compounded-under-product-code | CO    | 16   | N56  |

    Scenario: A void of a compounded drug that names no claim is asked which one, and nothing else
      Given a claim to Medicare for J0945 on 2025-03-03
      And the claim has frequency 8
      And these claim lines
        | code  | modifiers | units | place of service |
        | J0945 | JZ        | 4     | 11               |
      And it is known that whether a pharmacy compounded the drug is yes
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  |
        | void-asks-for-nothing |

  Rule: The route is intrathecal

    Scenario Outline: The procedure shows it: <case>
      Given the example screening-dose of Medicare for J0945
      But the drug lines have units <units>
      And line 2 has code <procedure>
      And it is known that the reason for the replacement is irreparable
      When the claim is decided
      Then it is approved
      And the route is concluded to be intrathecal
      And rule route-not-intrathecal does not hold

      Examples:
        | case                    | procedure | units |
        | a screening injection   | 62323     | 1     |
        | a refill                | 62370     | 4     |
        | a refill without change | 95990     | 4     |
        | a change of the dose    | 62368     | 4     |
        | a replacement pump      | E0786     | 4     |

    Scenario: The filling of a systemic pump shows another route
      Given the example refill-with-procedure of Medicare for J0945
      But line 2 has code 96522
      And it is known that the phase of therapy is refill
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                  | group | carc | rarc | line |
        | route-not-intrathecal | CO    | 272  | N130 | 1    |
      And it says "The drug was given by the route: systemic"

    Scenario: The product shows it where no procedure does
      Given the example clean-refill of Medicare for J0945
      But the claim has no place of service
      And the drug lines have place of service 11
      And the drug lines have ndc 66794-157-02
      When the claim is decided
      Then it is approved
      And the route is concluded to be intrathecal

    Scenario Outline: The record shows another route: <route>
      Given the example clean-refill of Medicare for J0945
      But the claim has no place of service
      And the drug lines have place of service 11
      And it is known that the route is <route>
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                  | group | carc | rarc | line |
        | route-not-intrathecal | CO    | 272  | N130 | 1    |

      Examples:
        | route    |
        | epidural |
        | systemic |
        | oral     |

    Scenario: The record shows the right route
      Given the example clean-refill of Medicare for J0945
      But the claim has no place of service
      And the drug lines have place of service 11
      And it is known that the route is intrathecal
      When the claim is decided
      Then it is approved
      And rule route-not-intrathecal does not hold

    Scenario: A claim that is silent about the route is paid on an assumption
      Given the example clean-refill of Medicare for J0945
      But the claim has no place of service
      And the drug lines have place of service 11
      When the claim is decided
      Then it is approved
      And it is assumed that rule route-not-intrathecal does not hold
      And it does not ask for the route

    Scenario: A void by another route that names no claim is asked which one, and nothing else
      Given the example refill-with-procedure of Medicare for J0945
      And the claim has frequency 8
      And line 2 has code 96522
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  |
        | void-asks-for-nothing |

  Rule: The drug and its procedure belong on one claim, which is noted and decides nothing

    Background:
      Given the example screening-dose of Medicare for J0945

    Scenario Outline: <case> without its procedure is paid with a note
      Given these claim lines
        | code  | modifiers | units | place of service |
        | J0945 | JZ        | 1     | 11               |
      And it is known that the phase of therapy is <phase>
      When the claim is decided
      Then it is approved
      And it advises by rule procedure-not-on-claim

      Examples:
        | case             | phase  |
        | A refill         | refill |
        | A screening dose | trial  |

    Scenario Outline: <case> with its procedure is paid without a note
      Given line 2 has code <procedure>
      When the claim is decided
      Then it is approved
      And rule procedure-not-on-claim does not hold

      Examples:
        | case             | procedure |
        | A refill         | 62369     |
        | A screening dose | 62322     |

    Scenario Outline: The wrong procedure does not count: <case>
      Given line 2 has code <procedure>
      And it is known that the phase of therapy is <phase>
      When the claim is decided
      Then it is approved
      And it advises by rule procedure-not-on-claim

      Examples:
        | case                                | procedure | phase  |
        | a refill with a screening injection | 62322     | refill |
        | a refill with an analysis only      | 62367     | refill |
        | a screening dose with a pump's fill | 62369     | trial  |

    Scenario: The procedure on another day does not count
      Given the drug lines have units 4
      And line 2 has code 62369
      And line 2 has date 2025-03-04
      And it is known that the phase of therapy is refill
      When the claim is decided
      Then it is approved
      And it advises by rule procedure-not-on-claim

    Scenario Outline: <case> gets no note about a procedure
      Given these claim lines
        | code  | modifiers | units | place of service |
        | J0945 | JZ        | 4     | 11               |
      And it is known that the phase of therapy is <phase>
      And it is known that the reason for the replacement is end of battery
      When the claim is decided
      Then it is approved
      And rule procedure-not-on-claim does not hold

      Examples:
        | case                              | phase             |
        | A change of the dose              | dose change       |
        | A revision of the catheter        | catheter revision |
        | A new pump in place of an old one | replacement       |

    Scenario: A void gets no note about its procedure
      Given the claim has frequency 8
      And these claim lines
        | code  | modifiers | units | place of service |
        | J0945 | JZ        | 4     | 11               |
      And it is known that the phase of therapy is refill
      When the claim is decided
      Then it is pended
      And rule procedure-not-on-claim does not hold

  Rule: Pump analysis and pump refill codes exclude each other, which does not touch the drug

    Background:
      Given the example refill-with-procedure of Medicare for J0945

    Scenario Outline: Both on one day are noted, and the drug is paid: <analysis> and <refill>
      Given these claim lines
        | code       | modifiers | units | place of service |
        | J0945      | JZ        | 4     | 11               |
        | <analysis> |           | 1     | 11               |
        | <refill>   |           | 1     | 11               |
      When the claim is decided
      Then it is approved
      And it advises CO 236 with N20 by rule pump-codes-together
      And it says "One of them will be denied; the drug line is not touched by it"

      Examples:
        | analysis | refill |
        | 62367    | 95990  |
        | 62368    | 95991  |
        | 62369    | 95990  |
        | 62370    | 95991  |

    Scenario: A distinct-service modifier on the procedure does not change the note
      Given these claim lines
        | code  | modifiers | units | place of service |
        | J0945 | JZ        | 4     | 11               |
        | 62369 |           | 1     | 11               |
        | 95990 | 59        | 1     | 11               |
      When the claim is decided
      Then it is approved
      And it advises by rule pump-codes-together

    Scenario Outline: One kind alone is not noted: <case>
      Given line 2 has code <procedure>
      When the claim is decided
      Then it is approved
      And rule pump-codes-together does not hold

      Examples:
        | case                   | procedure |
        | analysis with refill   | 62369     |
        | refill and maintenance | 95990     |

    Scenario: Both on different days are not noted
      Given these claim lines
        | code  | modifiers | units | place of service | date       |
        | J0945 | JZ        | 4     | 11               | 2025-03-03 |
        | 62369 |           | 1     | 11               | 2025-03-03 |
        | 95990 |           | 1     | 11               | 2025-03-10 |
      When the claim is decided
      Then it is approved
      And rule pump-codes-together does not hold

    Scenario: A void gets no note about its procedures
      Given the claim has frequency 8
      And these claim lines
        | code  | modifiers | units | place of service |
        | J0945 | JZ        | 4     | 11               |
        | 62369 |           | 1     | 11               |
        | 95990 |           | 1     | 11               |
      When the claim is decided
      Then it is pended
      And rule pump-codes-together does not hold

  Rule: What only a claim can show does not count against a request before the service

    Scenario: A request whose lines have every coding error that is reported on a claim
      Given a preauthorization request to Medicare for J0945 on 2025-03-03
      And the diagnoses G82.51
      And these claim lines
        | code  | modifiers | units | place of service | ndc           | therapy.phase |
        | J0945 | JZ 59     | 4     | 11               | 99999-0010-01 | refill        |
        | J0475 | JZ        | 4     | 11               | 12345-6789-01 | refill        |
        | 62369 |           | 1     | 11               |               |               |
        | 95990 |           | 1     | 11               |               |               |
      When the request is decided
      Then it is not required
      And rule same-drug-under-two-codes does not hold
      And rule ndc-not-intrathecal does not hold
      And rule ndc-not-recognized does not hold
      And rule distinct-service-modifier does not hold
      And rule pump-codes-together does not hold

    Scenario Outline: A request gets no note about <case>
      Given a preauthorization request to Medicare for J0945 on 2025-03-03
      And the diagnoses G82.51
      And these claim lines
        | code    | modifiers | units | place of service |
        | J0945   | JZ        | 4     | 11               |
        | <other> |           | 1     | 11               |
      And it is known that the phase of therapy is refill
      When the request is decided
      Then line 1 is not required
      And rule <rule> does not hold

      Examples:
        | case                           | other | rule                   |
        | another pump drug beside it    | J2278 | other-drug-on-claim    |
        | an unclassified drug beside it | J3490 | other-drug-on-claim    |
        | a procedure that is missing    | 62367 | procedure-not-on-claim |
